"""What a large prediction will take."""
