"""The desktop application. Below it nothing knows that there is a window."""
