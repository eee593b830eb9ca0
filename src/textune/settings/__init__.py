"""A TOML file, options and keywords become checked settings."""
