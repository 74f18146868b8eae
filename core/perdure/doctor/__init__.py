"""Compares what is installed with what is stored, and says what to do; changes nothing, and opens no App."""
