"""Names that people and language models write for what the language calls otherwise."""

from __future__ import annotations

ACTIONS = {
    "add_to_variable": "appendvariable",
    "add_calendar_event": "addnewevent",
    "add_reminder": "addnewreminder",
    "ask_for_input": "ask",
    "calculate": "math",
    "choose_from_list": "choosefromlist",
    "clipboard.get": "getclipboard",
    "clipboard.set": "setclipboard",
    "combine_text": "text.combine",
    "copy_to_clipboard": "setclipboard",
    "create_note": "com.apple.mobilenotes.SharingExtension",
    "current_date": "date",
    "dictate_text": "dictatetext",
    "display": "showresult",
    "download": "downloadurl",
    "format_date": "format.date",
    "format_number": "format.number",
    "get_battery_level": "getbatterylevel",
    "get_clipboard": "getclipboard",
    "get_contents_of_url": "downloadurl",
    "get_current_location": "getcurrentlocation",
    "get_dictionary_value": "getvalueforkey",
    "get_item_from_list": "getitemfromlist",
    "get_variable": "getvariable",
    "http_request": "downloadurl",
    "log_health_sample": "health.quantity.log",
    "match_text": "text.match",
    "notify": "notification",
    "open_app": "openapp",
    "open_url": "openurl",
    "play_music": "playmusic",
    "quick_look": "previewdocument",
    "replace_text": "text.replace",
    "round_number": "round",
    "run_shortcut": "runworkflow",
    "send_email": "sendemail",
    "send_message": "sendmessage",
    "set_brightness": "setbrightness",
    "set_clipboard": "setclipboard",
    "set_variable": "setvariable",
    "set_volume": "setvolume",
    "share_sheet": "share",
    "show_alert": "alert",
    "show_notification": "notification",
    "show_result": "showresult",
    "speak": "speaktext",
    "speak_text": "speaktext",
    "split_text": "text.split",
    "take_photo": "takephoto",
    "text": "gettext",
    "wait": "delay",
}
"""Action names, by the name to use; matched without regard to case, ``-`` or spaces."""

CONDITIONS = {
    "=": "equals_string",
    "==": "equals_string",
    "!=": "not_equal_string",
    "<>": "not_equal_string",
    ">": "is_greater_than",
    "<": "is_less_than",
    ">=": "is_at_least",
    "<=": "is_at_most",
    "equals": "equals_string",
    "equal_to": "equals_string",
    "is": "equals_string",
    "is_equal_to": "equals_string",
    "is_not": "not_equal_string",
    "not_equals": "not_equal_string",
    "not_equal": "not_equal_string",
    "greater_than": "is_greater_than",
    "less_than": "is_less_than",
    "has_value": "has_any_value",
    "exists": "has_any_value",
    "is_empty": "does_not_have_any_value",
    "has_no_value": "does_not_have_any_value",
    "includes": "contains",
    "not_contains": "does_not_contain",
    "before": "is_before",
    "starts_with": "begins_with",
}
"""Conditions; ``equals_string`` becomes ``equals_number`` before a number."""

HANDLES = {
    "ask": "Ask",
    "ask_each_time": "Ask",
    "clipboard": "Clipboard",
    "current_date": "date",
    "current_item": "item",
    "device_details": "DeviceDetails",
    "devicedetails": "DeviceDetails",
    "last": "prev",
    "now": "date",
    "output": "prev",
    "previous": "prev",
    "repeat_index": "index",
    "repeat_item": "item",
    "result": "prev",
    "shortcut_input": "input",
    "today": "date",
}
"""Handles, in lower case."""

VALUES = {"True": "true", "False": "false", "TRUE": "true", "FALSE": "false"}
"""Bare words for booleans."""

KEYWORDS = {
    "FOR": "FOREACH",
    "OTHERWISE": "ELSE",
    "FI": "ENDIF",
    "END_IF": "ENDIF",
    "END_REPEAT": "ENDREPEAT",
    "END_FOREACH": "ENDFOREACH",
    "END_FOR": "ENDFOREACH",
    "ENDFOR": "ENDFOREACH",
    "END_MENU": "ENDMENU",
    "ENDCHOOSE": "ENDMENU",
    "END_SHORTCUT": "ENDSHORTCUT",
    "OPTION": "CASE",
    "VAR": "SET",
    "LET": "SET",
}
"""First words of statements, in upper case."""

LOOSE = {
    "END": "END",
    "ENDLOOP": "ENDLOOP",
    "END_LOOP": "ENDLOOP",
    "NEXT": "ENDLOOP",
    "ENDCASE": "ENDCASE",
    "END_CASE": "ENDCASE",
    "ELSEIF": "ELSEIF",
    "ELSE_IF": "ELSEIF",
    "ELIF": "ELSEIF",
    "ELSIF": "ELSEIF",
}
"""First words, in upper case, whose meaning the blocks around them tell: one name for each."""

TWO_WORDS = {
    ("END", "IF"): "ENDIF",
    ("END", "REPEAT"): "ENDREPEAT",
    ("END", "FOREACH"): "ENDFOREACH",
    ("END", "FOR"): "ENDFOREACH",
    ("END", "EACH"): "ENDFOREACH",
    ("END", "LOOP"): "ENDLOOP",
    ("END", "MENU"): "ENDMENU",
    ("END", "CHOOSE"): "ENDMENU",
    ("END", "CASE"): "ENDCASE",
    ("END", "SHORTCUT"): "ENDSHORTCUT",
    ("ELSE", "IF"): "ELSEIF",
    ("FOREACH", "EACH"): "FOREACH",
}
"""Keywords written as two words (the first one's alias replaced): ``FOR EACH`` is a FOREACH."""

MACROS = {
    "ask_text": 'ACTION ask WFAskActionPrompt={prompt} WFInputType="Text"',
    "ask_number": 'ACTION ask WFAskActionPrompt={prompt} WFInputType="Number"',
    "confirm": "ACTION alert WFAlertActionMessage={message} WFAlertActionCancelButtonShown=true",
    "copy": "ACTION gettext WFTextActionText={text}\nACTION setclipboard WFInput=@prev",
    "fetch_json": "ACTION downloadurl WFURL={url}\nACTION detect.dictionary WFInput=@prev",
    "notify": "ACTION notification WFNotificationActionBody={body}",
    "open": "ACTION openurl WFInput={url}",
    "pick": "ACTION list WFItems={items}\nACTION choosefromlist WFInput=@prev",
    "say": "ACTION speaktext WFText={text}",
    "wait": "ACTION delay WFDelayTime={seconds}",
}
"""``MACRO name slot=value …`` stands for these lines, its values in their slots."""


def named_condition(alias: str, numeric: bool) -> str:
    """The condition of an alias; equality of a number is the numeric one."""
    named = CONDITIONS[alias]
    return "equals_number" if named == "equals_string" and numeric else named
