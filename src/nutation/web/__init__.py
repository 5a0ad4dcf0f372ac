"""The clinic in the browser: pages over the store, and who may open them."""
