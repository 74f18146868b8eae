"""Database servers: PostgreSQL and MariaDB, on what they have in common."""
