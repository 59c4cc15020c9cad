//! With 100,000 tasks in one list, what is read stays what a page takes.
