"""The nouns everybody may import. Standard library and pydantic only."""
