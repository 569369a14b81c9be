// The database that the application has already. Better Auth takes others as well.

import pg from "pg";

export const database = new pg.Pool({ connectionString: process.env.DATABASE_URL });
