"""What psycopg 2 does through the door. Prints one JSON object: check -> what came of it."""
import io, json, select, sys, threading
import psycopg2

host, port, user, password = sys.argv[1:]
dsn = dict(host=host, port=port, user=user, password=password, dbname="postgres")
came = {}


def code(work):
    try:
        work()
        return "ok"
    except psycopg2.Error as error:
        return error.pgcode or type(error).__name__


conn = psycopg2.connect(**dsn)
cursor = conn.cursor()


def one(sql, values=None):
    cursor.execute(sql, values)
    return cursor.fetchone()[0]


came["simple"] = one("SELECT 1; SELECT 2")
came["values"] = one("SELECT %s || %s", ["a'b", "é"])
cursor.execute("INSERT INTO added (id) SELECT generate_series(1, 50)")
came["rows"] = cursor.rowcount
cursor.copy_expert("COPY added (id) FROM STDIN", io.StringIO("".join(f"{i}\n" for i in range(51, 3051))))
out = io.StringIO()
cursor.copy_expert("COPY (SELECT id FROM added) TO STDOUT", out)
came["copy"] = len(out.getvalue().splitlines())
conn.commit()

cursor.execute("PREPARE change (int) AS UPDATE kept SET note = 'p' WHERE id = $1")
cursor.execute("EXECUTE change (1)")
came["prepared"] = cursor.rowcount
conn.commit()

cursor.execute("LISTEN told")
conn.commit()
other = psycopg2.connect(**dsn)
other.cursor().execute("NOTIFY told, 'this'")
other.commit()
select.select([conn], [], [], 20)
conn.poll()
came["notify"] = conn.notifies[0].payload

threading.Timer(0.3, conn.cancel).start()
came["cancel"] = code(lambda: cursor.execute("SELECT pg_sleep(20)"))
conn.rollback()

cursor.execute("UPDATE kept SET note = 'x' WHERE id = 1")
came["refused"] = code(lambda: cursor.execute("DELETE FROM kept"))
came["in the failed transaction"] = code(lambda: cursor.execute("SELECT 1"))
conn.rollback()
came["rolled back"] = one("SELECT note FROM kept WHERE id = 1")

cursor.execute("SAVEPOINT here")
came["refused in a savepoint"] = code(lambda: cursor.execute("DELETE FROM kept"))
cursor.execute("ROLLBACK TO SAVEPOINT here")
cursor.execute("UPDATE kept SET note = 'after' WHERE id = 2")
conn.commit()
came["committed"] = one("SELECT note FROM kept WHERE id = 2")

named = conn.cursor("server_side")
named.itersize = 100
named.execute("SELECT id FROM kept")
came["server-side cursor"] = sum(1 for _ in named)
conn.commit()

conn.autocommit = True
came["refused by itself"] = code(lambda: cursor.execute("DELETE FROM kept"))
came["after refusal"] = one("SELECT count(*) FROM kept")
print(json.dumps(came))
