"""What psycopg 3 does through the door. Prints one JSON object: check -> what came of it."""
import json, sys, threading
import psycopg

host, port, user, password = sys.argv[1:]
dsn = dict(host=host, port=port, user=user, password=password, dbname="postgres")
came = {}


def code(work):
    try:
        work()
        return "ok"
    except psycopg.Error as error:
        return error.sqlstate or type(error).__name__


with psycopg.connect(**dsn, autocommit=True) as conn:
    came["simple"] = conn.execute("SELECT 1; SELECT 2").fetchone()[0]
    came["extended"] = conn.execute("SELECT %s::int + 1", [41]).fetchone()[0]
    came["binary"] = conn.execute("SELECT %b::bytea", [b"\x00\xff"], binary=True).fetchone()[0].hex()
    for i in range(3):
        conn.execute("UPDATE kept SET note = %s WHERE id = %s", [f"p{i}", 1], prepare=True)
    came["prepared"] = conn.execute("SELECT count(*) FROM pg_prepared_statements").fetchone()[0]
    with conn.cursor() as cursor:
        cursor.executemany("INSERT INTO added (id) VALUES (%s)", [[i] for i in range(50)])
        came["executemany"] = cursor.rowcount
        with cursor.copy("COPY added (id) FROM STDIN") as copy:
            for i in range(50, 3050):
                copy.write_row([i])
        with cursor.copy("COPY (SELECT id FROM added ORDER BY id) TO STDOUT") as copy:
            came["copy"] = sum(1 for _ in copy.rows())

    conn.execute("LISTEN told")
    with psycopg.connect(**dsn, autocommit=True) as other:
        other.execute("NOTIFY told, 'this'")
    came["notify"] = next(conn.notifies()).payload

    threading.Timer(0.3, conn.cancel).start()
    came["cancel"] = code(lambda: conn.execute("SELECT pg_sleep(20)"))
    came["after cancel"] = conn.execute("SELECT 3").fetchone()[0]
    came["refused"] = code(lambda: conn.execute("DELETE FROM kept"))
    came["after refusal"] = conn.execute("SELECT count(*) FROM kept").fetchone()[0]

    with conn.pipeline():
        conn.execute("INSERT INTO added (id) VALUES (-1)")
        cursor = conn.execute("SELECT count(*) FROM added WHERE id = -1")
        came["pipeline"] = cursor.fetchone()[0]

    def refused_pipeline():
        with conn.pipeline() as pipeline:
            conn.execute("INSERT INTO added (id) VALUES (-2)")
            conn.execute("DELETE FROM kept")
            conn.execute("INSERT INTO added (id) VALUES (-3)")
            pipeline.sync()

    came["refused in a pipeline"] = code(refused_pipeline)
    came["left of that pipeline"] = conn.execute("SELECT count(*) FROM added WHERE id < -1").fetchone()[0]

with psycopg.connect(**dsn) as conn:
    conn.execute("UPDATE kept SET note = 'x' WHERE id = 1")
    came["refused in a transaction"] = code(lambda: conn.execute("DELETE FROM kept"))
    came["transaction"] = conn.info.transaction_status.name
    came["in the failed transaction"] = code(lambda: conn.execute("SELECT 1"))
    conn.rollback()
    came["rolled back"] = conn.execute("SELECT note FROM kept WHERE id = 1").fetchone()[0]
    with conn.transaction():
        code(lambda: conn.execute("SELECT 1"))

        def inner():
            with conn.transaction():
                conn.execute("DELETE FROM kept")

        came["refused in a savepoint"] = code(inner)
        conn.execute("UPDATE kept SET note = 'after' WHERE id = 2")
    with conn.cursor("server_side") as cursor:
        cursor.itersize = 100
        cursor.execute("SELECT id FROM kept ORDER BY id")
        came["server-side cursor"] = sum(1 for _ in cursor)
    came["committed"] = conn.execute("SELECT note FROM kept WHERE id = 2").fetchone()[0]

print(json.dumps(came))
