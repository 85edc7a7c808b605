"""`python -m specialty_eval_client`."""

from specialty_eval_client.cli import main

main()
