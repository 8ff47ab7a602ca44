"""An async node-graph workflow engine, and on it a conversation memory that does not forget."""

__version__ = "0.1.0"
