"""What helps a person to find their way: commands by name, keys, documents, versions, a first tour."""
