"""Papers of a case: uploaded documents, submissions to a payer and the request's life.

Nothing is imported here, so that the process that looks into an uploaded file stays small.
"""
