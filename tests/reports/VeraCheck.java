import java.io.*;
import java.util.*;
import java.util.logging.*;
import javax.xml.parsers.DocumentBuilderFactory;
import org.verapdf.gf.foundry.VeraGreenfieldFoundryProvider;
import org.verapdf.pdfa.*;
import org.verapdf.pdfa.flavours.PDFAFlavour;
import org.verapdf.pdfa.results.*;
import org.verapdf.pdfa.validation.profiles.*;
import org.verapdf.pdfa.validation.validators.ValidatorFactory;
import org.w3c.dom.*;

/**
 * java -cp JAR:OUT VeraCheck FLAVOUR[,FLAVOUR] FILE... : prints PASS or FAIL for each and exits 0 only if all pass.
 *
 * <p>The jar has veraPDF and its profiles but no JAXB, so the profiles are read with DOM.
 */
public class VeraCheck {
  static final Map<String, String> PROFILES = Map.of("3a", "PDFA-3A", "ua1", "PDFUA-1");

  static List<Element> children(Element parent, String name) {
    List<Element> found = new ArrayList<>();
    for (Node child = parent.getFirstChild(); child != null; child = child.getNextSibling())
      if (child instanceof Element && (name == null || name.equals(((Element) child).getLocalName())))
        found.add((Element) child);
    return found;
  }

  static Element child(Element parent, String name) {
    return children(parent, name).get(0);
  }

  static String text(Element parent, String name) {
    List<Element> found = children(parent, name);
    return found.isEmpty() ? "" : found.get(0).getTextContent();
  }

  static ValidationProfile load(String flavour) throws Exception {
    DocumentBuilderFactory factory = DocumentBuilderFactory.newDefaultInstance();
    factory.setNamespaceAware(true);
    InputStream in = PDFAFlavour.class.getClassLoader()
        .getResourceAsStream("org/verapdf/pdfa/validation/" + PROFILES.get(flavour) + ".xml");
    Element profile = factory.newDocumentBuilder().parse(in).getDocumentElement();
    Set<Rule> rules = new LinkedHashSet<>();
    for (Element rule : children(child(profile, "rules"), "rule")) rules.add(rule(rule));
    Set<Variable> variables = new LinkedHashSet<>();
    for (Element group : children(profile, "variables"))
      for (Element v : children(group, "variable"))
        variables.add(Profiles.variableFromValues(
            v.getAttribute("name"), v.getAttribute("object"), text(v, "defaultValue"), text(v, "value")));
    Element details = child(profile, "details");
    return Profiles.profileFromValues(
        PDFAFlavour.valueOf(profile.getAttribute("flavour")),
        Profiles.profileDetailsFromValues(
            text(details, "name"), text(details, "description"), details.getAttribute("creator"), new Date(0)),
        "", rules, variables);
  }

  static Rule rule(Element rule) throws Exception {
    Element id = child(rule, "id"), error = child(rule, "error");
    List<ErrorArgument> arguments = new ArrayList<>();
    for (Element group : children(error, "arguments"))
      for (Element argument : children(group, "argument"))
        arguments.add(errorArgument(argument.getTextContent(), argument.getAttribute("name")));
    return Profiles.ruleFromValues(
        Profiles.ruleIdFromValues(
            PDFAFlavour.Specification.valueOf(id.getAttribute("specification")),
            id.getAttribute("clause"), Integer.parseInt(id.getAttribute("testNumber"))),
        rule.getAttribute("object"),
        rule.hasAttribute("deferred") ? Boolean.valueOf(rule.getAttribute("deferred")) : null,
        rule.getAttribute("tags"), text(rule, "description"), text(rule, "test"),
        Profiles.errorFromValues(text(error, "message"), arguments), Collections.emptyList());
  }

  /** The class is not public; its factory takes the argument, its name and in some versions its value. */
  static ErrorArgument errorArgument(String argument, String name) throws Exception {
    Class<?> type = Class.forName("org.verapdf.pdfa.validation.profiles.ErrorArgumentImpl");
    for (var method : type.getDeclaredMethods()) {
      boolean makes = java.lang.reflect.Modifier.isStatic(method.getModifiers()) && method.getReturnType() == type;
      if (!makes || method.getParameterCount() < 2) continue;
      method.setAccessible(true);
      return (ErrorArgument) (method.getParameterCount() == 2
          ? method.invoke(null, argument, name) : method.invoke(null, argument, name, null));
    }
    throw new IllegalStateException("no factory of ErrorArgumentImpl");
  }

  static boolean check(String flavour, ValidationProfile profile, String file) {
    try (PDFAParser parser = Foundries.defaultInstance().createParser(new File(file), profile.getPDFAFlavour());
        PDFAValidator validator = ValidatorFactory.createValidator(profile, -1, false, false, false)) {
      ValidationResult result = validator.validate(parser);
      System.out.printf("%s %s %s%n", result.isCompliant() ? "PASS" : "FAIL", flavour, file);
      Set<String> seen = new HashSet<>();
      for (TestAssertion test : result.getTestAssertions()) {
        String id = test.getRuleId().getClause() + "-" + test.getRuleId().getTestNumber();
        if (test.getStatus() == TestAssertion.Status.FAILED && seen.add(id))
          System.out.printf("  %s %s | %s%n", id, test.getMessage(), test.getLocation().getContext());
      }
      return result.isCompliant();
    } catch (Exception failure) {
      System.out.printf("ERROR %s %s %s%n", flavour, file, failure);
      return false;
    }
  }

  public static void main(String[] arguments) throws Exception {
    LogManager.getLogManager().reset();
    VeraGreenfieldFoundryProvider.initialise();
    boolean all = true;
    for (String flavour : arguments[0].split(",")) {
      ValidationProfile profile = load(flavour);
      for (String file : Arrays.asList(arguments).subList(1, arguments.length)) all &= check(flavour, profile, file);
    }
    System.exit(all ? 0 : 1);
  }
}
