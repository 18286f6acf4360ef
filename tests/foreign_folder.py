"""A folder of CSV files as another system would export it: its own file names, headers, words and ids."""

import csv
from pathlib import Path

Rows = list[list[str]]

CLIENTS: Rows = [
    ["Client No", "Title", "Forename", "Surname", "D.O.B", "E-mail Address", "Mob", "Town/City", "Post Code", "Client Status", "Seat Pref", "NI Number"],
    ["C1001", "Ms", "Aoife", "Byrne", "14/03/1980", "aoife@mail.example", "07700 900101", "Cork", "T12 A101", "Current", "Window", "QQ 12 34 56 A"],
    ["C1002", "Mr", "Brian", "O'Shea", "02/11/1975", "brian@mail.example", "07700 900102", "Cork", "T12 A102", "Current", "Aisle", "QQ 12 34 57 A"],
    ["C1003", "Mrs", "Ciara", "Walsh", "30/06/1990", "ciara@mail.example", "07700 900103", "Cobh", "P24 A103", "Left", "Window", "QQ 12 34 58 A"],
    ["C1004", "Mr", "Declan", "Ryan", "21/01/1968", "declan@mail.example", "07700 900104", "Cobh", "P24 A104", "Current", "Aisle", "QQ 12 34 59 A"],
]  # fmt: skip
DIARY: Rows = [
    ["Booking Ref", "Client No", "Date", "Start Time", "Mins", "Dentist", "Outcome"],
    ["A1", "C1001", "13/01/2026", "9:30 am", "30", "Dr Jones", "Completed"],
    ["A2", "C1002", "14/01/2026", "14:00", "15", "Dr Shah", "DNA"],
    ["A3", "C1001", "20/12/2026", "2:15 PM", "45", "Dr Jones", "Confirmed"],
    ["A4", "C9999", "21/12/2026", "10:00", "45", "Dr Jones", "Confirmed"],
]
NOTES: Rows = [
    ["Client No", "Written On", "Note Text"],
    ["C1001", "13/01/2026 10:05", "Seen today.\nAll is well."],
    ["C1004", "15/02/2026 11:00", "Called about the bill."],
]
STOCK: Rows = [["SKU", "Item", "Reorder"], ["S1", "gloves", "Y"], ["S2", "masks", "N"]]


def write(folder: Path, name: str, rows: Rows, *, delimiter: str = ",", encoding: str = "utf-8") -> Path:
    """Write one file of the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / name).open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(rows)
    return folder / name


def write_folder(folder: Path) -> Path:
    """Write the whole of it."""
    write(folder, "Client List.csv", CLIENTS)
    write(folder, "Diary.csv", DIARY, delimiter=";", encoding="windows-1252")
    write(folder, "Notes_Export.csv", NOTES)
    write(folder, "Stock.csv", STOCK)
    return folder


def decide(file: Path, *, by: str = "Maria") -> None:
    """Do what a person does with the proposal: confirm what waits, and sign."""
    text = file.read_text(encoding="utf-8").replace('?"', '"')
    file.write_text(text.replace('approved_by: ""', f'approved_by: "{by}"'), encoding="utf-8")
