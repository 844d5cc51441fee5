"""What computing stands on: devices, threads, recorded steps, optimiser, least squares. Knows no scenes."""
