"""What does `turngraph` (or `python -m turngraph`) run?"""


def main() -> None:
    """Hands over to the command line, imported only now so that `import turngraph` stays light."""
    from turngraph.interfaces.cli import main as cli

    cli()


if __name__ == "__main__":
    main()
