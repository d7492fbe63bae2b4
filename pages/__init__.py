"""The Streamlit pages: they ask, draw and offer acts."""
