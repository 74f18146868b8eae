"""What is stored, on its way out of one database and into another: as one JSON document."""
