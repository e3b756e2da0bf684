"""Known mistakes, planted one at a time in a copy of the tree: do the tests notice each?"""
