"""The web console: static files in the package, loaded once, named by their digest. It knows no other room."""
