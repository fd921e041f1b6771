"""A trained model as one HTML file that runs it in a browser, without a server."""
