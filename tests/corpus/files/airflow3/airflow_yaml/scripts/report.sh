echo {{ ds }} from a file
