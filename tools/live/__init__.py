"""How does somebody who has a subscription compare the table with real Azure?"""
