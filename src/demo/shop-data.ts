/**
 * The shop's rows: 2,000 customers, 6,000 orders and what hangs on them, made up in SQL. Every choice is drawn from
 * md5 of the row's number, so each installation gets the same shop on any PostgreSQL version; only the dates move with
 * the day it is made, so that "the last seven days" always holds something. Names and mail addresses are invented
 * (example.* domains are reserved, RFC 2606).
 */
export const shopData = `
CREATE FUNCTION pg_temp.pick(id bigint, salt text, n integer) RETURNS integer IMMUTABLE LANGUAGE sql AS $$
  SELECT (('x' || substr(md5(id || ':' || salt), 1, 8))::bit(32)::bigint % n)::integer
$$;
CREATE FUNCTION pg_temp.one_of(id bigint, salt text, choices text[]) RETURNS text IMMUTABLE LANGUAGE sql AS $$
  SELECT choices[1 + pg_temp.pick(id, salt, array_length(choices, 1))]
$$;

INSERT INTO customers (id, email, full_name, phone, tier, newsletter, created_at, last_login)
SELECT id,
       lower(first || '.' || translate(last, 'äöüéñçøåÖÁ '' ', 'aouencoaoa')) || id || '@example.' ||
         pg_temp.one_of(id, 'domain', '{com,net,org}'),
       first || ' ' || last,
       CASE WHEN pg_temp.pick(id, 'phone?', 10) < 7 THEN '+49 30 5550 ' || lpad(id::text, 4, '0') END,
       CASE WHEN pg_temp.pick(id, 'tier', 100) < 4 THEN 'business'
            WHEN pg_temp.pick(id, 'tier', 100) < 18 THEN 'plus' ELSE 'standard' END,
       pg_temp.pick(id, 'newsletter', 10) < 4,
       joined,
       CASE WHEN pg_temp.pick(id, 'login?', 10) < 9
            THEN joined + (current_date - joined) * (pg_temp.pick(id, 'login', 1000) / 1000.0) END
FROM (
  SELECT id,
         pg_temp.one_of(id, 'first', '{Anna,Ben,Chiara,Daniel,Elif,Finn,Grace,Hugo,Ines,Jonas,Kaya,Lena,Mateo,Nora,Oskar,
           Paula,Quentin,Rosa,Samir,Tilda,Uma,Viktor,Wanda,Xenia,Yusuf,Zoe,Amara,Björn,Clara,Dmitri,Emeka,Freya}') AS first,
         pg_temp.one_of(id, 'last', '{Almeida,Becker,Carvalho,Dubois,Eriksen,Fischer,García,Hoffmann,Ivanov,Jansen,Kowalski,
           Lindqvist,Moreau,Nguyen,Okafor,Petrov,Quinn,Rossi,Schneider,Tanaka,Ueda,Vogel,Weber,Yılmaz,Zimmermann,Müller,
           Sørensen,Novák,Papadopoulos,Silva,Haddad,Murphy}') AS last,
         -- Customers are numbered in the order in which they joined, over three years.
         current_date - interval '3 years' + (id / 2000.0) * interval '1090 days'
           + pg_temp.pick(id, 'second', 86400) * interval '1 second' AS joined
  FROM generate_series(1, 2000) AS id
) AS made;

INSERT INTO addresses (id, customer_id, kind, street, postcode, city, country)
SELECT row_number() OVER (ORDER BY customer_id, kind DESC), customer_id, kind,
       CASE place[3] WHEN 'FR' THEN (1 + pg_temp.pick(seed, 'number', 120)) || ' ' || street
                     ELSE street || ' ' || (1 + pg_temp.pick(seed, 'number', 120)) END,
       place[2], place[1], place[3]
FROM (
  SELECT c.id AS customer_id, kind, c.id * 2 + (kind = 'billing')::integer AS seed,
         string_to_array(pg_temp.one_of(c.id * 2 + (kind = 'billing')::integer, 'city', '{Berlin|10115|DE,Hamburg|20095|DE,
           München|80331|DE,Köln|50667|DE,Leipzig|04109|DE,Wien|1010|AT,Graz|8010|AT,Zürich|8001|CH,Basel|4051|CH,
           Paris|75011|FR,Lyon|69002|FR,Amsterdam|1012|NL,Utrecht|3511|NL,København|1050|DK}'), '|') AS place
  FROM customers AS c
  CROSS JOIN (VALUES ('shipping'), ('billing')) AS kinds (kind)
  WHERE kind = 'shipping' OR pg_temp.pick(c.id, 'billing?', 10) < 3
) AS placed
CROSS JOIN LATERAL (
  SELECT CASE place[3]
    WHEN 'FR' THEN pg_temp.one_of(seed, 'street', '{rue des Lilas,rue du Marché,avenue Gambetta,rue Voltaire}')
    WHEN 'NL' THEN pg_temp.one_of(seed, 'street', '{Kerkstraat,Dorpsstraat,Molenweg,Prinsengracht}')
    WHEN 'DK' THEN pg_temp.one_of(seed, 'street', '{Strandvejen,Kirkevej,Nørregade,Bredgade}')
    ELSE pg_temp.one_of(seed, 'street', '{Lindenallee,Gartenstraße,Bahnhofstraße,Am Markt,Schillerstraße,Feldweg}')
  END AS street
) AS streets;

INSERT INTO products (id, sku, name, category, price_cents, stock, active)
SELECT id, upper(left(category, 3)) || '-' || (1000 + id), material || ' ' || thing, category,
       -- Prices end in 90, as they do.
       (5 + pg_temp.pick(id, 'price', 140)) * 100 + 90, pg_temp.pick(id, 'stock', 400), pg_temp.pick(id, 'active', 20) > 0
FROM (
  SELECT row_number() OVER (ORDER BY category, thing, material) AS id, category, thing, material
  FROM (VALUES ('kitchen', 'chopping board'), ('kitchen', 'salad bowl'), ('kitchen', 'salt cellar'), ('kitchen', 'tray'),
               ('dining', 'serving spoon'), ('dining', 'candle holder'), ('dining', 'water jug'), ('dining', 'egg cup'),
               ('living', 'picture frame'), ('living', 'side table'), ('living', 'bookend'), ('living', 'wall shelf'),
               ('garden', 'plant pot'), ('garden', 'bird feeder'), ('garden', 'lantern')) AS things (category, thing)
  CROSS JOIN unnest('{Walnut,Oak,Slate,Brass,Stoneware,Enamel,Recycled glass,Cork}'::text[]) AS material
) AS range;

-- Some customers order often, most seldom; business grows towards today. Orders are numbered as they came in.
INSERT INTO orders (id, customer_id, status, placed_at, updated_at)
SELECT row_number() OVER (ORDER BY placed_at, draw), customer_id,
       CASE WHEN age < 0.5 THEN 'placed' WHEN age < 1.5 THEN 'paid' WHEN age < 3 THEN 'packed' WHEN age < 7 THEN 'shipped'
            WHEN fate < 5 THEN 'cancelled' WHEN fate < 9 THEN 'returned' ELSE 'delivered' END,
       placed_at, least(placed_at + interval '4 days', current_date)
FROM (
  SELECT draw, age, fate, 1 + (2000 * power(luck, 1.8))::integer % 2000 AS customer_id,
         current_date - age * interval '1 day' AS placed_at
  FROM (
    SELECT draw, 540 * power(pg_temp.pick(draw, 'age', 1000000) / 1e6, 1.4) AS age,
           pg_temp.pick(draw, 'fate', 100) AS fate, pg_temp.pick(draw, 'luck', 1000000) / 1e6 AS luck
    FROM generate_series(1, 6000) AS draw
  ) AS drawn
) AS timed;
-- Nobody orders before they have joined, and it goes to where they live.
UPDATE customers AS c SET created_at = least(c.created_at, first.placed_at - interval '3 minutes')
FROM (SELECT customer_id, min(placed_at) AS placed_at FROM orders GROUP BY 1) AS first WHERE first.customer_id = c.id;
UPDATE orders AS o SET address_id = a.id FROM addresses AS a WHERE a.customer_id = o.customer_id AND a.kind = 'shipping';

INSERT INTO order_items (order_id, line, product_id, quantity, unit_price_cents)
SELECT o.id, line, p.id, CASE WHEN pg_temp.pick(o.id * 8 + line, 'many?', 10) < 7 THEN 1
                              ELSE 2 + pg_temp.pick(o.id * 8 + line, 'many', 4) END, p.price_cents
FROM orders AS o
CROSS JOIN LATERAL generate_series(1, 1 + pg_temp.pick(o.id, 'lines', 4)) AS line
JOIN products AS p ON p.id = 1 + pg_temp.pick(o.id * 8 + line, 'product', 120);

UPDATE orders AS o SET total_cents = i.total + CASE WHEN i.total < 5000 THEN 490 ELSE 0 END
FROM (SELECT order_id, sum(quantity * unit_price_cents) AS total FROM order_items GROUP BY 1) AS i WHERE i.order_id = o.id;

INSERT INTO payments (order_id, method, status, amount_cents, reference, created_at)
SELECT id, pg_temp.one_of(id, 'method', '{card,card,card,paypal,paypal,invoice,bank transfer}'), state, total_cents,
       'PAY-' || upper(substr(md5(id || state), 1, 12)), placed_at + wait
FROM orders
CROSS JOIN LATERAL (VALUES
  ('failed', interval '1 minute', pg_temp.pick(id, 'failed', 100) < 3),
  ('authorized', interval '2 minutes', status = 'placed' AND pg_temp.pick(id, 'authorized', 2) = 0),
  ('captured', interval '3 minutes', status NOT IN ('placed', 'cancelled')),
  ('refunded', interval '9 days', status = 'returned')) AS steps (state, wait, happened)
WHERE happened ORDER BY placed_at + wait;

INSERT INTO audit_log (at, actor, action, entity, entity_id, detail)
SELECT at, actor, action, 'order', id, detail FROM (
  SELECT placed_at AS at, 'shop' AS actor, 'order.placed' AS action, id, jsonb_build_object('total_cents', total_cents) AS detail
  FROM orders
  UNION ALL
  SELECT updated_at, pg_temp.one_of(id, 'clerk', '{alice,shop,shop}'), 'order.' || status, id, '{"from": "delivered"}'
  FROM orders WHERE status = 'returned'
  UNION ALL
  SELECT placed_at + interval '1 hour', 'shop', 'order.cancelled', id, '{"from": "placed"}'
  FROM orders WHERE status = 'cancelled'
) AS events ORDER BY at;

SELECT setval(pg_get_serial_sequence(name, 'id'), rows) FROM (
  SELECT 'customers' AS name, (SELECT max(id) FROM customers) AS rows
  UNION ALL SELECT 'addresses', (SELECT max(id) FROM addresses)
  UNION ALL SELECT 'products', (SELECT max(id) FROM products)
  UNION ALL SELECT 'orders', (SELECT max(id) FROM orders)
) AS filled;
`
