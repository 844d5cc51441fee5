"""What is done with spectra beside plotting them: reading libraries, matching, normalising, writing."""
