"""Reading and writing rows, checking and splitting them, and cutting token ids into batches."""
