"""The ledger of claims: number, evidence, verdict, reason; or one claim with all that is known of it."""

from __future__ import annotations

import streamlit as st

from app import claim_list, claim_page, state
from app.paging import remember

asked = st.query_params.get("claim")
if not asked:
    claim_list.show(state.current())
    remember("claims")
else:
    claim_page.show(state.current(), asked)
