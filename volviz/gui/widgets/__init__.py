"""Controls that Qt does not have. They know values, not the document."""
