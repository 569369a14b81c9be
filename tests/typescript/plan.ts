// Three front ends for the plan's contract, one for each shape of its routes, in the
// three usual spellings. Each keeps a task through its life, and says what it saw.

declare const process: { env: Record<string, string | undefined> };

type Query = Record<string, string | number>;
type Json = Record<string, unknown>;

interface FrontEnd {
  tasks: string; // the address of the list
  query: (page: number) => Query;
  newTask: Json;
  done: [path: string, body?: Json];
  reopened: Json;
  unserved: Query;
}

const server = process.env["OWNLIST_URL"] ?? "";
const token = process.env["OWNLIST_TOKEN"] ?? "";
const user = process.env["OWNLIST_USER"] ?? "";
const stranger = process.env["OWNLIST_STRANGER"] ?? "";

const frontEnds: Record<string, FrontEnd> = {
  "snake case, id in the route": {
    tasks: `/api/${user}/tasks`,
    query: (page) => ({ status: "pending", sort: "created_desc", page, limit: 1 }),
    newTask: {
      title: "Pay rent",
      due_date: "2027-02-10T09:30:00+01:00",
      recurrence_pattern: "monthly",
      is_recurring: true,
      tags: ["home", "HOME"],
    },
    done: ["/complete"],
    reopened: { is_completed: false },
    unserved: { category: "errands" },
  },
  "camel case, no id": {
    tasks: "/api/tasks",
    query: (page) => ({ isCompleted: "false", sortBy: "-createdAt", skip: page - 1, limit: 1 }),
    newTask: {
      title: "Pay rent",
      dueDate: "2027-02-10T08:30:00.000Z",
      recurrencePattern: { type: "monthly", interval: 1 },
      isCompleted: false,
      tags: ["home", "HOME"],
    },
    done: ["/toggle"],
    reopened: { isCompleted: false },
    unserved: { tagIds: "1,2" },
  },
  "a board, id below users": {
    tasks: `/api/users/${user}/tasks/`,
    query: (page) => ({ status: "in_progress", sort_by: "created_date", sort_order: "desc", page, page_size: 1 }),
    newTask: {
      title: "Pay rent",
      status: "backlog",
      due_date: "2027-02-10T03:30:00-05:00",
      rrule: "FREQ=MONTHLY",
      tags: ["home", "HOME"],
    },
    done: ["/status", { status: "Done" }],
    reopened: { status: "review" },
    unserved: { label_ids: "1" },
  },
};

async function send(method: string, path: string, body?: Json): Promise<[number, any, Headers]> {
  const response = await fetch(server + path, {
    method,
    redirect: "error",
    headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/json" },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return [response.status, text ? JSON.parse(text) : null, response.headers];
}

function list(end: FrontEnd, query: Query): Promise<[number, any, Headers]> {
  const parameters = Object.entries(query).map(([name, value]) => [name, String(value)]);
  return send("GET", `${end.tasks}?${new URLSearchParams(parameters)}`);
}

async function use(end: FrontEnd): Promise<unknown[]> {
  const slash = end.tasks.endsWith("/") ? "/" : "";
  const seen: unknown[] = [];
  const [created, task] = await send("POST", end.tasks, end.newTask);
  const own = `${end.tasks.replace(/\/$/, "")}/${task.id}`;
  seen.push(created, task.status, task.recurrence, task.tags.length);
  seen.push(new Date(task.due_date).toISOString(), /[+-]\d\d:\d\d$/.test(task.dueDate));

  await send("POST", end.tasks, { title: "Call mum" });
  const [, [first], headers] = await list(end, end.query(1));
  const [, [second]] = await list(end, end.query(2));
  seen.push(first.title, second.title, headers.get("X-Total-Count"));

  const [, whole] = await send("GET", own + slash);
  const [kept, same] = await send("PUT", own + slash, { ...whole, title: "Pay the rent" });
  seen.push(kept, same.title, same.due_date === whole.due_date, same.recurrence);

  const [action, body] = end.done;
  const [, done] = await send("PATCH", own + action + slash, body);
  const [, open] = await send("PUT", own + slash, { ...done, ...end.reopened });
  seen.push(done.completed, open.completed);

  const [refused, problem] = await list(end, end.unserved);
  seen.push(refused, Object.keys(problem.error.details)[0] === Object.keys(end.unserved)[0]);
  const foreign = end.tasks.includes(user)
    ? await send("GET", end.tasks.replace(user, stranger))
    : await list(end, { user_id: stranger });
  seen.push(foreign[0]);

  const [, left] = await send("GET", end.tasks);
  for (const one of left) {
    seen.push((await send("DELETE", `${end.tasks.replace(/\/$/, "")}/${one.id}${slash}`))[0]);
  }
  seen.push((await send("GET", own))[0]);
  return seen;
}

for (const [name, end] of Object.entries(frontEnds)) {
  console.log(`${name}: ${(await use(end)).join(" ")}`);
}
