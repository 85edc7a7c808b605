"""An independent, naive reading of the policy format and random cases for it: what production is checked against."""
