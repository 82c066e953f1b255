"""Send and poll any number of targets; knows nothing of Azure."""
