"""The store: profiles with their properties, identifiers, links and journal."""
