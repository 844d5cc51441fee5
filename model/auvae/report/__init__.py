"""Pages for people: charts, pictures, sentences. Decides nothing."""
