"""Every run, or one of them with all that stands behind its number."""

from __future__ import annotations

import streamlit as st

from app import run_list, run_page, state
from app.paging import remember

asked = st.query_params.get("run")
if not asked:
    run_list.show(state.current())
    remember("runs")
else:
    run_page.show(state.current(), asked)
