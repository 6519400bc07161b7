"""What docks at the side of the window: each panel looks at the document and asks it for changes."""
