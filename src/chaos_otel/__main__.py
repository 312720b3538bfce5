"""`python -m chaos_otel` is `chaos-otel`."""

from chaos_otel.cli import main

if __name__ == "__main__":
    main()
