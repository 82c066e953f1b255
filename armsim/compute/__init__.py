"""What does the compute provider do: virtual machines, scale sets and their lifecycle?"""
