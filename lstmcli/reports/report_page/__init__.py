"""The report as one HTML file: a module for each section, and templates that turn their blocks into HTML."""
