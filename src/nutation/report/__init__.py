"""A case as a document: terminal page, HTML page, PDF sheets, and the FHIR that carries the answer out."""
