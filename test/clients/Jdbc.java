import java.io.StringReader;
import java.io.StringWriter;
import java.sql.*;
import java.util.*;
import org.postgresql.PGConnection;

/** What PostgreSQL's JDBC driver does through the door. Prints one JSON object: check -> what came of it. */
public class Jdbc {
  interface Work { void run() throws Exception; }

  static final Map<String, Object> came = new LinkedHashMap<>();

  static String code(Work work) throws Exception {
    try {
      work.run();
      return "ok";
    } catch (SQLException error) {
      for (SQLException next = error; next != null; next = next.getNextException())
        if (next.getSQLState() != null) return next.getSQLState();
      return error.getClass().getSimpleName();
    }
  }

  static Object one(Connection connection, String sql) throws SQLException {
    try (Statement statement = connection.createStatement(); ResultSet rows = statement.executeQuery(sql)) {
      rows.next();
      return rows.getObject(1);
    }
  }

  public static void main(String[] args) throws Exception {
    String url = "jdbc:postgresql://" + args[0] + ":" + args[1] + "/postgres?prepareThreshold=2";
    try (Connection connection = DriverManager.getConnection(url, args[2], args[3])) {
      PreparedStatement change = connection.prepareStatement("UPDATE kept SET note = ? WHERE id = ?");
      for (int i = 0; i < 5; i++) {
        change.setString(1, "p" + i);
        change.setInt(2, 1);
        came.put("prepared", change.executeUpdate());
      }
      came.put("server-side prepared", one(connection, "SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE 'UPDATE kept%'"));

      PreparedStatement insert = connection.prepareStatement("INSERT INTO added (id) VALUES (?)");
      for (int i = 0; i < 500; i++) {
        insert.setInt(1, i);
        insert.addBatch();
      }
      came.put("batch", Arrays.stream(insert.executeBatch()).sum());

      var copies = connection.unwrap(PGConnection.class).getCopyAPI();
      StringBuilder lines = new StringBuilder();
      for (int i = 500; i < 3000; i++) lines.append(i).append('\n');
      came.put("copy in", copies.copyIn("COPY added (id) FROM STDIN", new StringReader(lines.toString())));
      came.put("copy out", copies.copyOut("COPY (SELECT id FROM added) TO STDOUT", new StringWriter()));

      Statement statement = connection.createStatement();
      statement.execute("LISTEN told");
      try (Connection other = DriverManager.getConnection(url, args[2], args[3])) {
        other.createStatement().execute("NOTIFY told, 'this'");
      }
      came.put("notify", connection.unwrap(PGConnection.class).getNotifications(20_000)[0].getParameter());

      Statement slow = connection.createStatement();
      new Timer(true).schedule(new TimerTask() {
        public void run() {
          try { slow.cancel(); } catch (SQLException error) { throw new RuntimeException(error); }
        }
      }, 300);
      came.put("cancel", code(() -> slow.execute("SELECT pg_sleep(20)")));
      came.put("refused", code(() -> statement.executeUpdate("DELETE FROM kept")));
      came.put("after refusal", one(connection, "SELECT count(*) FROM kept"));

      // BEGIN travels in the same batch as the first statement.
      connection.setAutoCommit(false);
      came.put("refused in a transaction", code(() -> statement.executeUpdate("DELETE FROM kept")));
      came.put("in the failed transaction", code(() -> statement.execute("SELECT 1")));
      connection.rollback();
      statement.executeUpdate("UPDATE kept SET note = 'x' WHERE id = 1");
      Savepoint here = connection.setSavepoint();
      came.put("refused in a savepoint", code(() -> statement.executeUpdate("DELETE FROM kept")));
      connection.rollback(here);
      statement.executeUpdate("UPDATE kept SET note = 'after' WHERE id = 2");
      connection.commit();
      came.put("committed", one(connection, "SELECT string_agg(note, ' ' ORDER BY id) FROM kept WHERE id < 3"));

      PreparedStatement delete = connection.prepareStatement("DELETE FROM kept WHERE id = ?");
      for (int i = 1; i <= 150; i++) {
        delete.setInt(1, i);
        delete.addBatch();
      }
      delete.executeBatch();
      came.put("too much by its sum, at COMMIT", code(connection::commit));
      connection.rollback();
      came.put("left of that", one(connection, "SELECT count(*) FROM kept"));

      Statement reader = connection.createStatement();
      reader.setFetchSize(100);
      int read = 0;
      try (ResultSet rows = reader.executeQuery("SELECT id FROM kept")) {
        while (rows.next()) read++;
      }
      came.put("cursor", read);
      connection.commit();
    }
    StringJoiner json = new StringJoiner(", ", "{", "}");
    came.forEach((key, value) -> json.add('"' + key + "\": " + (value instanceof Number ? value : "\"" + value + '"')));
    System.out.println(json);
  }
}
