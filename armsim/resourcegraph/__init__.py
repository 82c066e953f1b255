"""What does Azure Resource Graph answer to a query?"""
