"""Planning from the browser: images, jobs run by the command line's own program, live checks of a moved implant."""
