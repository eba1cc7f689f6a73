"""Native DAG files that people write through the server: read, checked, saved and deleted.

What belongs here: which paths such a file may have, whether it goes into the DAG folder or into the database, what its
text means before anybody keeps it, and writing it so that nobody's change is lost and nothing is ever there by half.
What does not: reading it into force, which is the importer's as with every other file.
"""

from goflow.jobfiles.checking import Checked, check
from goflow.jobfiles.desk import JobFile, JobFileDesk, SavesIn

__all__ = ["Checked", "JobFile", "JobFileDesk", "SavesIn", "check"]
