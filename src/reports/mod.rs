//! What people read of a result, a file a form.
