"""One file or one small folder for each way to learn, named as its paper names it. They do not know one another."""
