"""The process that carries out jobs: events out, cancel in. What a task does stands in tasks/ and scenes/."""
