"""Everything known of a patient, as dated, sided, sourced events."""
