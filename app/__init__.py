"""The explorer: Streamlit pages over the Registry, with no SPARQL but what the user types."""
