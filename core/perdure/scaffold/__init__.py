"""What `perdure new` writes: its names, its templates, and a plan of files; knows no terminal."""
