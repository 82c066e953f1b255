"""What does the network provider do: load balancers, network interfaces and public addresses?"""
